package linear

import (
	"bytes"
	"compress/flate"
	"encoding/binary"
	"errors"
	"fmt"
	"io"
	"math"
	"slices"
)

// A Tagger gives each token of a sequence a tag, left to right, by an averaged
// perceptron (Collins 2002) over hashed features.
type Tagger struct {
	Tags    []string
	weights map[uint32][]weight
	fast    table
	prev    []uint32 // features of the tags before, by a*n+b
	scale   float32
}

// A Sequence is the features of each token, and its tag as a number.
type Sequence struct {
	Features [][]uint32
	Tags     []int
}

// previous is the feature of the tags before a token.
func previous(a, b int) uint32 { return Hash(fmt.Sprintf("prev %d %d", a, b)) }

// TrainTagger fits a tagger. The same sequences give the same tagger.
func TrainTagger(tags []string, data []Sequence, epochs int) *Tagger {
	n := len(tags)
	w, sum, stamp := make([]float32, n<<Bits), make([]float32, n<<Bits), make([]int32, n<<Bits)
	now := int32(1)
	update := func(f uint32, tag int, d float32) {
		i := int(f)*n + tag
		sum[i] += float32(now-stamp[i]) * w[i]
		stamp[i] = now
		w[i] += d
	}
	order := make([]int, len(data))
	for i := range order {
		order[i] = i
	}
	rng := uint64(88172645463325252)
	score := make([]float32, n)
	for range epochs {
		for i := len(order) - 1; i > 0; i-- {
			rng ^= rng << 13
			rng ^= rng >> 7
			rng ^= rng << 17
			j := int(rng % uint64(i+1))
			order[i], order[j] = order[j], order[i]
		}
		for _, at := range order {
			s := &data[at]
			a, b := 0, 0
			for i, feats := range s.Features {
				clear(score)
				all := append(slices.Clip(feats), previous(a, b), previous(a, -1))
				for _, f := range all {
					row := w[int(f)*n : int(f+1)*n]
					for t, x := range row {
						score[t] += x
					}
				}
				best := 0
				for t := range score {
					if score[t] > score[best] {
						best = t
					}
				}
				if gold := s.Tags[i]; best != gold {
					for _, f := range all {
						update(f, gold, 1)
						update(f, best, -1)
					}
				}
				now++
				b, a = a, best
			}
		}
	}
	t := &Tagger{Tags: tags, weights: map[uint32][]weight{}}
	for i := range w {
		sum[i] += float32(now-stamp[i]) * w[i]
		sum[i] /= float32(now)
		t.scale = max(t.scale, abs(sum[i]))
	}
	t.scale = max(t.scale/127, 1e-9)
	for f := range 1 << Bits {
		var list []weight
		for tag := range n {
			if q := int8(math.Round(float64(sum[f*n+tag] / t.scale))); q != 0 {
				list = append(list, weight{uint16(tag), q})
			}
		}
		if list != nil {
			t.weights[uint32(f)] = list
		}
	}
	t.index()
	return t
}

// index makes look-ups fast.
func (t *Tagger) index() {
	t.fast = newTable(t.weights)
	for a := range t.Tags {
		for b := -1; b < len(t.Tags); b++ {
			t.prev = append(t.prev, previous(a, b))
		}
	}
}

// Tag returns the tag of each token.
func (t *Tagger) Tag(features [][]uint32) []int {
	out := make([]int, len(features))
	score := make([]int, len(t.Tags))
	a, b := 0, 0
	for i, feats := range features {
		clear(score)
		add := func(f uint32) {
			for _, w := range t.fast.of(f) {
				score[w.class] += int(w.q)
			}
		}
		for _, f := range feats {
			add(f)
		}
		add(t.prev[a*(len(t.Tags)+1)+b+1])
		add(t.prev[a*(len(t.Tags)+1)])
		best := 0
		for tag := range score {
			if score[tag] > score[best] {
				best = tag
			}
		}
		out[i] = best
		b, a = a, best
	}
	return out
}

// Write stores the tagger.
func (t *Tagger) Write(w io.Writer) error {
	var b bytes.Buffer
	put := func(n uint64) { b.Write(binary.AppendUvarint(nil, n)) }
	put(uint64(len(t.Tags)))
	for _, s := range t.Tags {
		put(uint64(len(s)))
		b.WriteString(s)
	}
	feats := make([]uint32, 0, len(t.weights))
	for f := range t.weights {
		feats = append(feats, f)
	}
	slices.Sort(feats)
	put(uint64(len(feats)))
	last := uint32(0)
	for _, f := range feats {
		put(uint64(f - last))
		last = f
		put(uint64(len(t.weights[f])))
		for _, w := range t.weights[f] {
			b.WriteByte(byte(w.class))
			b.WriteByte(byte(w.q))
		}
	}
	z, err := flate.NewWriter(w, flate.BestCompression)
	if err != nil {
		return err
	}
	if _, err := z.Write(b.Bytes()); err != nil {
		return err
	}
	return z.Close()
}

// ReadTagger reads a stored tagger.
func ReadTagger(r io.Reader) (*Tagger, error) {
	data, err := io.ReadAll(io.LimitReader(flate.NewReader(r), maxModel))
	if err != nil {
		return nil, fmt.Errorf("the tagger: %w", err)
	}
	b := bytes.NewReader(data)
	bad := errors.New("the tagger is cut short")
	get := func() int {
		n, err := binary.ReadUvarint(b)
		if err != nil || n > 1<<30 {
			return -1
		}
		return int(n)
	}
	t := &Tagger{weights: map[uint32][]weight{}}
	n := get()
	if n < 1 || n > 256 {
		return nil, bad
	}
	for range n {
		size := get()
		if size < 0 || size > 64 {
			return nil, bad
		}
		name := make([]byte, size)
		if _, err := io.ReadFull(b, name); err != nil {
			return nil, bad
		}
		t.Tags = append(t.Tags, string(name))
	}
	count, last := get(), 0
	for range count {
		d, k := get(), 0
		if last += d; d < 0 || last >= 1<<Bits {
			return nil, bad
		}
		if k = get(); k < 0 || k > n {
			return nil, bad
		}
		list := make([]weight, k)
		for i := range list {
			tag, err := b.ReadByte()
			q, err2 := b.ReadByte()
			if err != nil || err2 != nil || int(tag) >= n {
				return nil, bad
			}
			list[i] = weight{uint16(tag), int8(q)}
		}
		t.weights[uint32(last)] = list
	}
	t.index()
	return t, nil
}
