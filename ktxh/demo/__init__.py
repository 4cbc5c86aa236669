"""The demonstration: a province's reporting month as people would live it, and the sums that it is checked against."""
