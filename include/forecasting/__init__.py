"""Daily sales as forecast: input, methods, trial on the past, choice, ranges, and what came true."""
