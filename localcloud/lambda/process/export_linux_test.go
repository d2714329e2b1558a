package process

// Reveal lets a test create user namespaces, too.
var Reveal = reveal
