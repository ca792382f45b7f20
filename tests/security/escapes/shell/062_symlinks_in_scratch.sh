# Links in the scratch folder, for whoever cleans it up or reads it from outside.
ln -s @TARGET_DIR@ folder; ln -s @TARGET_DIR@/.bashrc file; ln -s / everything; echo x >> file; touch folder/x; rm -rf folder/; mkdir deep; i=0; while [ $i -lt 200 ]; do mkdir deep/x; cd deep || break; i=$((i+1)); done
echo ATTEMPTED
