// Package linear trains and applies linear classifiers over hashed words: one
// logistic regression per class. Weights ship as one byte each.
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

// Bits is the size of the space that words are hashed into.
const Bits = 18

// A Feature is a hashed word and its weight in the text.
type Feature struct {
	Index uint32
	Value float32
}

// An Example is a text with the classes that it belongs to.
type Example struct {
	Features []Feature
	Classes  []int
	Weight   float32 // 0 means 1
}

// A Model is one weight per class and feature, as quantised bytes.
type Model struct {
	Classes []string
	idf     []float32 // by feature; 0 for one that the model does not know
	bias    []float32
	scale   []float32           // by class
	weights map[uint32][]weight // by feature
	fast    table
}

type weight struct {
	class uint16
	q     int8
}

// Hash maps a word to a feature (FNV-1a).
func Hash(s string) uint32 {
	h := uint32(2166136261)
	for i := 0; i < len(s); i++ {
		h = (h ^ uint32(s[i])) * 16777619
	}
	return (h ^ h>>Bits) & (1<<Bits - 1)
}

// Join hashes the words as if they stood in one string, without making it.
func Join(words ...string) uint32 {
	h := uint32(2166136261)
	for _, s := range words {
		for i := 0; i < len(s); i++ {
			h = (h ^ uint32(s[i])) * 16777619
		}
	}
	return (h ^ h>>Bits) & (1<<Bits - 1)
}

// A table finds the weights of a feature without a map.
type table struct {
	at   []uint32 // by feature: where its weights start
	list []weight
}

func newTable(weights map[uint32][]weight) table {
	t := table{at: make([]uint32, 1<<Bits+1)}
	for f := range uint32(1 << Bits) {
		t.at[f] = uint32(len(t.list))
		t.list = append(t.list, weights[f]...)
	}
	t.at[1<<Bits] = uint32(len(t.list))
	return t
}

func (t *table) of(f uint32) []weight { return t.list[t.at[f]:t.at[f+1]] }

// IDF is the inverse document frequency of every feature, 0 for those in fewer
// than least texts.
func IDF(texts [][]uint32, least int) []float32 {
	df := make([]int, 1<<Bits)
	for _, t := range texts {
		seen := map[uint32]bool{}
		for _, f := range t {
			if !seen[f] {
				seen[f] = true
				df[f]++
			}
		}
	}
	idf := make([]float32, 1<<Bits)
	for i, n := range df {
		if n >= least {
			idf[i] = float32(math.Log(float64(1+len(texts))/float64(1+n)) + 1)
		}
	}
	return idf
}

// Vector weighs the words of a text by TF-IDF, to length one.
func Vector(words []uint32, idf []float32) []Feature {
	sorted := slices.Clone(words)
	slices.Sort(sorted)
	var out []Feature
	for i := 0; i < len(sorted); {
		j := i
		for j < len(sorted) && sorted[j] == sorted[i] {
			j++
		}
		if w := idf[sorted[i]]; w > 0 {
			out = append(out, Feature{sorted[i], w * float32(1+math.Log(float64(j-i)))})
		}
		i = j
	}
	var sum float64
	for _, f := range out {
		sum += float64(f.Value) * float64(f.Value)
	}
	if sum > 0 {
		n := float32(1 / math.Sqrt(sum))
		for i := range out {
			out[i].Value *= n
		}
	}
	return out
}

// Options say how to train.
type Options struct {
	Epochs   int
	Rate, L2 float32
	Positive float32 // weight of an example for its own classes
}

// Train fits one logistic regression per class by AdaGrad. The same examples
// in the same order give the same model.
func Train(classes []string, idf []float32, examples []Example, o Options) *Model {
	n := len(classes)
	w, g := make([]float32, n<<Bits), make([]float32, n<<Bits)
	bias, gb := make([]float32, n), make([]float32, n)
	for i := range bias {
		bias[i] = -3
	}
	order := make([]int, len(examples))
	for i := range order {
		order[i] = i
	}
	rng := uint64(88172645463325252)
	score, grad := make([]float32, n), make([]float32, n)
	for range o.Epochs {
		for i := len(order) - 1; i > 0; i-- {
			rng ^= rng << 13
			rng ^= rng >> 7
			rng ^= rng << 17
			j := int(rng % uint64(i+1))
			order[i], order[j] = order[j], order[i]
		}
		for _, at := range order {
			e := &examples[at]
			copy(score, bias)
			for _, f := range e.Features {
				row := w[int(f.Index)*n : int(f.Index+1)*n]
				for c, x := range row {
					score[c] += x * f.Value
				}
			}
			weigh := max(e.Weight, 0)
			if weigh == 0 {
				weigh = 1
			}
			for c, s := range score {
				grad[c] = weigh / (1 + float32(math.Exp(-float64(s))))
			}
			for _, c := range e.Classes {
				grad[c] = (grad[c] - weigh) * o.Positive
			}
			for c := range grad {
				gb[c] += grad[c] * grad[c]
				bias[c] -= o.Rate * grad[c] / (float32(math.Sqrt(float64(gb[c]))) + 1)
			}
			for _, f := range e.Features {
				row, gr := w[int(f.Index)*n:int(f.Index+1)*n], g[int(f.Index)*n:int(f.Index+1)*n]
				for c, d := range grad {
					if d < 1e-4 && d > -1e-4 {
						continue
					}
					d = d*f.Value + o.L2*row[c]
					gr[c] += d * d
					row[c] -= o.Rate * d / (float32(math.Sqrt(float64(gr[c]))) + 1e-2)
				}
			}
		}
	}
	return quantise(classes, idf, w, bias)
}

// quantise keeps the weights that count, as bytes.
func quantise(classes []string, idf, w, bias []float32) *Model {
	n := len(classes)
	m := &Model{Classes: classes, idf: make([]float32, 1<<Bits), bias: bias, scale: make([]float32, n), weights: map[uint32][]weight{}}
	for f := range 1 << Bits {
		for c := range n {
			m.scale[c] = max(m.scale[c], abs(w[f*n+c]))
		}
	}
	for c := range n {
		m.scale[c] = max(m.scale[c]/127, 1e-6)
	}
	for f := range 1 << Bits {
		if idf[f] == 0 {
			continue
		}
		m.idf[f] = float32(math.Round(float64(idf[f])*16)) / 16
		var list []weight
		for c := range n {
			if q := int8(math.Round(float64(w[f*n+c] / m.scale[c]))); q > 5 || q < -5 {
				list = append(list, weight{uint16(c), q})
			}
		}
		if list != nil {
			m.weights[uint32(f)] = list
		}
	}
	m.fast = newTable(m.weights)
	return m
}

func abs(x float32) float32 {
	if x < 0 {
		return -x
	}
	return x
}

// Scores returns the probability of each class.
func (m *Model) Scores(words []uint32) []float64 {
	s := make([]float64, len(m.Classes))
	for c, b := range m.bias {
		s[c] = float64(b)
	}
	for _, f := range Vector(words, m.idf) {
		for _, w := range m.fast.of(f.Index) {
			s[w.class] += float64(f.Value) * float64(w.q) * float64(m.scale[w.class])
		}
	}
	for c := range s {
		s[c] = 1 / (1 + math.Exp(-s[c]))
	}
	return s
}

// Write stores the model.
func (m *Model) Write(w io.Writer) error {
	z, err := flate.NewWriter(w, flate.BestCompression)
	if err != nil {
		return err
	}
	var b bytes.Buffer
	put := func(n uint64) { b.Write(binary.AppendUvarint(nil, n)) }
	put(uint64(len(m.Classes)))
	for c, name := range m.Classes {
		put(uint64(len(name)))
		b.WriteString(name)
		put(uint64(math.Float32bits(m.bias[c])))
		put(uint64(math.Float32bits(m.scale[c])))
	}
	var feats []uint32
	for f, idf := range m.idf {
		if idf > 0 {
			feats = append(feats, uint32(f))
		}
	}
	put(uint64(len(feats)))
	last := uint32(0)
	for _, f := range feats {
		put(uint64(f - last))
		last = f
	}
	for _, f := range feats {
		b.WriteByte(byte(min(255, m.idf[f]*16)))
	}
	for _, f := range feats {
		b.WriteByte(byte(len(m.weights[f])))
	}
	for _, f := range feats {
		for _, w := range m.weights[f] {
			b.WriteByte(byte(w.class))
		}
	}
	for _, f := range feats {
		for _, w := range m.weights[f] {
			b.WriteByte(byte(w.q))
		}
	}
	if _, err := z.Write(b.Bytes()); err != nil {
		return err
	}
	return z.Close()
}

// maxModel bounds a stored model, in bytes.
const maxModel = 64 << 20

// Read reads a stored model.
func Read(r io.Reader) (*Model, error) {
	data, err := io.ReadAll(io.LimitReader(flate.NewReader(r), maxModel))
	if err != nil {
		return nil, fmt.Errorf("the model: %w", err)
	}
	b := bytes.NewReader(data)
	bad := errors.New("the model is cut short")
	get := func() int {
		n, err := binary.ReadUvarint(b)
		if err != nil || n > math.MaxUint32 {
			return -1
		}
		return int(n)
	}
	n := get()
	if n < 0 || n > 256 {
		return nil, bad
	}
	m := &Model{idf: make([]float32, 1<<Bits), weights: map[uint32][]weight{}}
	for range n {
		size := get()
		if size < 0 || size > 64 {
			return nil, bad
		}
		name := make([]byte, size)
		if _, err := io.ReadFull(b, name); err != nil {
			return nil, bad
		}
		m.Classes = append(m.Classes, string(name))
		m.bias = append(m.bias, math.Float32frombits(uint32(get())))
		m.scale = append(m.scale, math.Float32frombits(uint32(get())))
	}
	count := get()
	if count < 0 || count > 1<<Bits {
		return nil, bad
	}
	feats := make([]uint32, count)
	last := 0
	for i := range feats {
		d := get()
		if last += d; d < 0 || last >= 1<<Bits {
			return nil, bad
		}
		feats[i] = uint32(last)
	}
	for _, f := range feats {
		c, err := b.ReadByte()
		if err != nil {
			return nil, bad
		}
		m.idf[f] = float32(c) / 16
	}
	for _, f := range feats {
		c, err := b.ReadByte()
		if err != nil {
			return nil, bad
		}
		if c > 0 {
			m.weights[f] = make([]weight, c)
		}
	}
	for _, part := range []func(w *weight, c byte){
		func(w *weight, c byte) { w.class = uint16(c) },
		func(w *weight, c byte) { w.q = int8(c) },
	} {
		for _, f := range feats {
			for i := range m.weights[f] {
				c, err := b.ReadByte()
				if err != nil || i >= 1<<16 {
					return nil, bad
				}
				part(&m.weights[f][i], c)
			}
		}
	}
	for _, list := range m.weights {
		for _, w := range list {
			if int(w.class) >= n {
				return nil, bad
			}
		}
	}
	m.fast = newTable(m.weights)
	return m, nil
}
