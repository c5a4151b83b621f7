package reading

// An extraction is the text of a document and what the format says of it.
type extraction struct {
	format, text, title, published string
	gaps                           []string
}

type extracts struct{}

func extract(name string, data []byte) (*extraction, error) {
	return &extraction{format: "text", text: string(data)}, nil
}
