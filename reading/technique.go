package reading

func (r *Reader) findTechniques(p *page) {}
