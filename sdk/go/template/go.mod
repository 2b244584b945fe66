module guest

go 1.24

require realm.example/guest v0.0.0

replace realm.example/guest => ../
