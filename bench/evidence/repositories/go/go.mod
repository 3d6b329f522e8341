module example.org/columns

go 1.19

require example.org/width v1.0.0
