package scan

import (
	"bytes"
	"slices"
)

// counts counts texts, up to a limit of different ones, which is at most 255.
// The zero value is empty.
type counts struct {
	list  []counted
	index *[256]uint8 // by place, or the next free one: where in list, plus 1; nil while that is short
}

// A counted text is part of the chunk that it was read from, until [counts.own].
type counted struct {
	text []byte
	n    int
}

// longList is from where on an index finds a text faster.
const longList = 8

// add counts text n times, if it was counted before or there is room for it.
func (c *counts) add(text []byte, n, most int) {
	free := uint8(0)
	if c.index == nil {
		for i := range c.list {
			if string(c.list[i].text) == string(text) {
				c.list[i].n += n
				return
			}
		}
	} else {
		for free = place(text); c.index[free] != 0; free++ {
			if have := &c.list[c.index[free]-1]; string(have.text) == string(text) {
				have.n += n
				return
			}
		}
	}
	if len(c.list) >= most {
		return
	}
	c.list = append(c.list, counted{text, n})
	switch {
	case c.index != nil:
		c.index[free] = uint8(len(c.list))
	case len(c.list) >= longList:
		c.index = new([256]uint8)
		for i, have := range c.list {
			free := place(have.text)
			for c.index[free] != 0 {
				free++
			}
			c.index[free] = uint8(i + 1)
		}
	}
}

// merge adds other, as far as there is room, and then in the order of texts.
func (c *counts) merge(other *counts, most int) {
	if len(c.list) < most && len(c.list)+len(other.list) > most {
		slices.SortFunc(other.list, func(a, b counted) int { return bytes.Compare(a.text, b.text) })
		other.index = nil
	}
	have := len(c.list)
	for _, o := range other.list {
		c.add(o.text, o.n, most)
	}
	c.own(have)
}

// own copies the texts from the i-th on, whose chunk is about to go.
func (c *counts) own(i int) {
	for ; i < len(c.list); i++ {
		c.list[i].text = bytes.Clone(c.list[i].text)
	}
}

func (c *counts) all() map[string]int {
	all := make(map[string]int, len(c.list))
	for _, have := range c.list {
		all[string(have.text)] = have.n
	}
	return all
}
