module limier

go 1.26.0
