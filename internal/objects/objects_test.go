package objects_test

import (
	"bytes"
	"testing"

	"limier/internal/objects"
)

// BenchmarkParse reads a request as Filebeat writes it.
func BenchmarkParse(b *testing.B) {
	line := []byte(`{"@timestamp":"2021-03-03T04:39:01.000Z","event":{"dataset":"iis.access","module":"iis"},"url":{"path":"/owa/auth/x.aspx","query":"a=1"},"http":{"request":{"method":"POST"},"response":{"status_code":200,"body":{"bytes":12}}},"source":{"ip":"198.51.100.9"},"user_agent":{"original":"Mozilla/5.0 (Windows NT 10.0; Win64; x64) AppleWebKit/537.36"},"host":{"name":"EX01"}}` + "\n")
	text := bytes.Repeat(line, 1000)
	b.SetBytes(int64(len(text)))
	for b.Loop() {
		for o, err := range objects.Each(bytes.NewReader(text)) {
			if err == nil {
				_, err = objects.Parse(o.Text)
			}
			if err != nil {
				b.Fatal(err)
			}
		}
	}
}
