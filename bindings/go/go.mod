module casd.org/casd

go 1.26
