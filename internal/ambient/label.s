// Lets the functions of label.go have no body.
