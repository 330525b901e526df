module casd.org/examples/service

go 1.26

require casd.org/casd v0.2.0

replace casd.org/casd => ../../bindings/go
