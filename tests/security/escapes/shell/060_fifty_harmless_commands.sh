# A forbidden command behind so many harmless ones that a checker gives up.
true; true; true; true; true; true; true; true; true; true; true; true; true; true; true; true; true; true; true; true
true; true; true; true; true; true; true; true; true; true; true; true; true; true; true; true; true; true; true; true
true; true; true; true; true; true; true; true; true; true; true; true; true; true; true; true; true; true; true; true && cat @SECRET_PATH@ && kill -9 @FOREIGN_PID@
echo ATTEMPTED
