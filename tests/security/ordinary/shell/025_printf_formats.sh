# printf in all its forms.
printf '%5d|%-5s|%05.1f|%x|%c\n' 42 ab 3.14159 255 xyz; printf '%s\n' a b c; printf '\101\t\\\n'
