package console

import (
	"context"
	"crypto/rand"
	"crypto/subtle"
	"encoding/base64"
	"errors"
	"fmt"
	"strings"
	"unicode/utf8"

	"golang.org/x/crypto/argon2"
)

// Argon2id with OWASP's second choice of parameters: 19 MiB, two passes, one
// lane (https://cheatsheetseries.owasp.org/cheatsheets/Password_Storage_Cheat_Sheet.html).
const (
	argonMemory = 19 << 10 // KiB
	argonTime   = 2
	argonLanes  = 1
	argonKey    = 32 // bytes
	argonSalt   = 16 // bytes
)

// Limits of a password, in characters and in bytes. NIST SP 800-63B asks for
// length, not for kinds of characters.
const (
	minPassword = 12
	maxPassword = 256
)

// errPassword says what a password must be like.
var errPassword = fmt.Errorf("a password has %d characters or more, and %d bytes at most", minPassword, maxPassword)

// A hasher hashes passwords. Hashing is made to be slow: as many run at once
// as there are places, so that a flood of log-ins costs memory and time that
// are known.
type hasher struct{ places chan struct{} }

func newHasher(n int) *hasher { return &hasher{make(chan struct{}, n)} }

// hash returns the password's hash in PHC's form.
func (h *hasher) hash(ctx context.Context, password string) (string, error) {
	if utf8.RuneCountInString(password) < minPassword || len(password) > maxPassword {
		return "", errPassword
	}
	salt := make([]byte, argonSalt)
	rand.Read(salt)
	key, err := h.key(ctx, password, salt)
	if err != nil {
		return "", err
	}
	enc := base64.RawStdEncoding
	return fmt.Sprintf("$argon2id$v=%d$m=%d,t=%d,p=%d$%s$%s", argon2.Version, argonMemory, argonTime, argonLanes, enc.EncodeToString(salt), enc.EncodeToString(key)), nil
}

// verify compares a password with a hash. An empty hash, of an account that
// does not exist or has no password, costs as much as any other.
func (h *hasher) verify(ctx context.Context, password, hash string) (bool, error) {
	if len(password) > maxPassword {
		return false, nil
	}
	salt, want := make([]byte, argonSalt), make([]byte, argonKey)
	known := hash != ""
	if known {
		prefix := fmt.Sprintf("$argon2id$v=%d$m=%d,t=%d,p=%d$", argon2.Version, argonMemory, argonTime, argonLanes)
		rest, ok := strings.CutPrefix(hash, prefix)
		s, k, ok2 := strings.Cut(rest, "$")
		var err1, err2 error
		salt, err1 = base64.RawStdEncoding.DecodeString(s)
		want, err2 = base64.RawStdEncoding.DecodeString(k)
		if !ok || !ok2 || err1 != nil || err2 != nil {
			return false, errors.New("the stored hash of this account's password cannot be read; set a new one")
		}
	}
	got, err := h.key(ctx, password, salt)
	if err != nil {
		return false, err
	}
	return known && subtle.ConstantTimeCompare(got, want) == 1, nil
}

func (h *hasher) key(ctx context.Context, password string, salt []byte) ([]byte, error) {
	select {
	case h.places <- struct{}{}:
		defer func() { <-h.places }()
	case <-ctx.Done():
		return nil, ctx.Err()
	}
	return argon2.IDKey([]byte(password), salt, argonTime, argonMemory, argonLanes, argonKey), nil
}
