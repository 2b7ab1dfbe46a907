module grove.place/lattice

go 1.26
