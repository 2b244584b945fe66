module realm.example/guest

go 1.24
