package scan

import (
	"slices"
	"strings"
)

// counts counts texts, up to a limit of different ones. The zero value is
// empty.
type counts struct {
	list  []counted
	index map[string]int // place in the list, once that is long
}

type counted struct {
	text string
	n    int
}

// longList is from where on an index finds a text faster.
const longList = 8

// add counts text n times, if it was counted before or there is room for it.
func (c *counts) add(text []byte, n, most int) {
	if i := c.find(text); i >= 0 {
		c.list[i].n += n
		return
	}
	if len(c.list) >= most {
		return
	}
	c.list = append(c.list, counted{string(text), n})
	switch {
	case c.index != nil:
		c.index[string(text)] = len(c.list) - 1
	case len(c.list) >= longList:
		c.index = map[string]int{}
		for i, have := range c.list {
			c.index[have.text] = i
		}
	}
}

func (c *counts) find(text []byte) int {
	if c.index != nil {
		if i, ok := c.index[string(text)]; ok {
			return i
		}
		return -1
	}
	for i := range c.list {
		if c.list[i].text == string(text) {
			return i
		}
	}
	return -1
}

// merge adds other, as far as there is room, and then in the order of texts.
func (c *counts) merge(other *counts, most int) {
	if len(c.list)+len(other.list) > most {
		slices.SortFunc(other.list, func(a, b counted) int { return strings.Compare(a.text, b.text) })
		other.index = nil
	}
	for _, have := range other.list {
		c.add([]byte(have.text), have.n, most)
	}
}

func (c *counts) all() map[string]int {
	all := make(map[string]int, len(c.list))
	for _, have := range c.list {
		all[have.text] = have.n
	}
	return all
}
