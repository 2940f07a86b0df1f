"""Language models from scratch, chapter 2: Inside a modern transformer layer.

Grade with: pytest --lm-chapter 2
"""


# 2.5  The steps of a pre-norm layer  (order, 1 point)
pre_norm_order = None
"""Put the steps of one pre-norm decoder layer in order. x is the residual stream as it
enters the layer; the last step leaves x as the next layer receives it.

  a)  g = RMSNorm2(x)
  b)  x = x + f
  c)  f = FFN(g)
  d)  h = RMSNorm1(x)
  e)  a = Attention(h)
  f)  x = x + a

Answer with the letters in order: pre_norm_order = ['a', 'b', 'c', 'd', 'e', 'f']
"""
