"""Opens and clicks: counted links, the hits that come in, first ones and totals."""
