// Package limier is the root of the Limier module. It holds no code, only the
// tests that keep the package graph and the style in shape.
package limier
