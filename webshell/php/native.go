package php

// A native is what the tables say of one of PHP's own functions. The zero
// value is a function that none of them knows.
type native struct {
	fold     func(*call) (value, bool) // computes it
	hook     *hook                     // takes a callable
	decodes  bool                      // undoes an encoding
	strong   bool                      // that programs do not use on their own literals
	renews   bool                      // may make letters that its argument does not have
	command  bool                      // runs commands
	encodes  bool                      // makes text that cannot be read as it is
	keys     bool                      // turns text into numbers or keys
	cleaning bool
	passing  bool
}

// natives are the functions that some table knows: one look-up a call, where
// each table would be one.
var natives = func() map[string]*native {
	all := map[string]*native{}
	of := func(name string) *native {
		if all[name] == nil {
			all[name] = &native{}
		}
		return all[name]
	}
	for name, f := range folds {
		of(name).fold = f
	}
	for name := range decoders {
		of(name).decodes = true
	}
	for name := range words("str_shuffle mcrypt_decrypt mdecrypt_generic gzread lzw_decompress ascii85_decode sodium_crypto_secretbox_open") {
		of(name).decodes, of(name).fold = true, func(*call) (value, bool) { return value{}, false } // not computed
	}
	for name, h := range hooks {
		of(name).hook = &h
	}
	for _, t := range []struct {
		names map[string]bool
		set   func(*native)
	}{
		{strong, func(n *native) { n.strong, n.renews = true, true }},
		{renewing, func(n *native) { n.renews = true }},
		{commands, func(n *native) { n.command = true }},
		{encoders, func(n *native) { n.encodes = true }},
		{keys, func(n *native) { n.keys = true }},
		{cleaning, func(n *native) { n.cleaning = true }},
		{passing, func(n *native) { n.passing = true }},
	} {
		for name := range t.names {
			t.set(of(name))
		}
	}
	return all
}()

var unknownNative = &native{}

func nativeOf(name string) *native {
	if n := natives[name]; n != nil {
		return n
	}
	return unknownNative
}
