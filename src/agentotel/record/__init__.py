"""Operations and what is made of them: spans, metrics, events, totals."""
