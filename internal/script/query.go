package script

// query reads a query of LINQ as the calls that it stands for: "from x in list
// where … select y" as list.Where(x => …).Select(x => y). It returns nil where
// the word "from" at hand starts none.
func (p *parser) query(expr func() *Node) *Node {
	in := 2
	if p.d.VB() {
		for in = 2; in < 8 && p.peek(in).Kind == tIdent && p.peek(in).S != "in" || p.peek(in).Kind == tOp && p.peek(in).Op == '.'; in++ { // x As T
		}
	} else if t := p.peek(3); t.Kind == tIdent && t.S == "in" { // T x
		in = 3
	}
	if t := p.peek(in); t.Kind != tIdent || t.S != "in" || p.peek(1).Kind != tIdent {
		return nil
	}
	v := p.peek(in - 1)
	if p.d.VB() {
		v = p.peek(1)
	}
	p.i += in + 1
	return p.clauses(expr, expr(), v)
}

// clauses reads what is done with each v of a list.
func (p *parser) clauses(expr func() *Node, list *Node, v Token) *Node {
	of := func(method string, body *Node) {
		param := p.node(KParam, v.Pos)
		param.Name = v.S
		answer := p.wrap(KReturn, v.Pos, body)
		answer.Flag = 1
		each := p.node(KLambda, v.Pos)
		each.Kids = append(each.Kids, param, answer)
		callee := p.wrap(KMember, v.Pos, list)
		callee.Name, callee.Low = method, method
		call := p.wrap(KCall, v.Pos, callee)
		call.Kids = append(call.Kids, each)
		list = call
	}
	p.depth++
	defer func() { p.depth-- }()
	if p.depth > maxDepth {
		return list
	}
	for range maxDepth {
		t := p.tok()
		if t.Kind == tNL && p.d.VB() && clause[p.peek(1).S] {
			p.i++
			t = p.tok()
		}
		if t.Kind != tIdent || !clause[t.S] {
			return list
		}
		switch t.S {
		case "from":
			inner := p.query(expr)
			if inner == nil {
				return list
			}
			of("selectmany", inner)
			return list
		case "let", "join":
			p.i++
			name := p.next()
			p.i++ // = or in
			some := expr()
			if t.S == "let" {
				one := p.node(KArray, t.Pos)
				one.Kids = append(one.Kids, some)
				some = one
			} else {
				for p.take("on") || p.take("equals") {
					expr()
				}
			}
			of("selectmany", p.clauses(expr, some, name))
			return list
		case "where":
			p.i++
			of("where", expr())
		case "orderby", "order":
			p.i++
			p.take("by")
			for expr(); p.take("ascending") || p.take("descending") || p.takeOp(','); {
				if p.tok().Kind == tIdent && clause[p.tok().S] {
					break
				}
				expr()
			}
		case "group", "select":
			p.i++
			of("select", expr())
			if p.take("by") {
				expr()
			}
			if p.take("into") {
				v = p.next()
			}
		}
	}
	return list
}

// clause are the words with which the parts of a query start.
var clause = map[string]bool{"from": true, "let": true, "join": true, "where": true, "orderby": true, "order": true, "group": true, "select": true}
