module example.org/width

go 1.19
