package main

import "context"

func (e *readingEval) names(ctx context.Context) error { return nil }

func (e *readingEval) techniques(ctx context.Context) error { return nil }
