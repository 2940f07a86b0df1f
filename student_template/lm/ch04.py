"""Language models from scratch, chapter 4: GPUs and the roofline.

Grade with: pytest --lm-chapter 4
"""


# 4.1  Ridge point of an H100  (derive, 1 point)
def h100_ridge_point(peak_flops, bandwidth):
    """An H100 SXM5 computes at most 989 TFLOP/s in dense bf16 and reads its HBM at 3.35
    TB/s. At which arithmetic intensity do computing and moving data take the same time?
    Answer in FLOP/byte.

        peak_flops: dense bf16 peak, 989 TFLOP/s
        bandwidth: HBM bandwidth, 3.35 TB/s

    Return a formula of the arguments, in FLOP/byte; they come as plain numbers in base
    units (byte, s, FLOP). Or write h100_ridge_point = <number> in place of the
    function, for half of the points.
    """
    raise NotImplementedError


# 4.2  Arithmetic intensity of a decode step  (derive, 1 point)
def decode_intensity(batch, d_in, d_out, bytes_per_weight):
    """A model decodes with a batch of 1, so each step brings one new token per sequence.
    All tokens of the step are multiplied by one weight matrix of 4096 x 11008 values, 2
    bytes each. Count a multiply-add as 2 FLOPs, and count only the bytes of the
    weights, read once. What is the arithmetic intensity, in FLOP/byte?

        batch: sequences decoded together, 1
        d_in: rows of the weight matrix, 4096
        d_out: columns of the weight matrix, 11008
        bytes_per_weight: bytes per weight, 2 for bf16, 2

    Return a formula of the arguments, in FLOP/byte; they come as plain numbers in base
    units (byte, s, FLOP). Or write decode_intensity = <number> in place of the
    function, for half of the points.
    """
    raise NotImplementedError


# 4.3  Arithmetic intensity of prefill  (derive, 1 point)
def prefill_intensity(batch, tokens, d_in, d_out, bytes_per_weight):
    """Prefill takes a batch of 1 with 2048 tokens per prompt and multiplies all of them by
    one weight matrix of 4096 x 4096 values, 2 bytes each. Count a multiply-add as 2
    FLOPs. As an approximation count the traffic of the weights only, read once, and
    leave out reading the inputs and writing the outputs. What is the arithmetic
    intensity, in FLOP/byte?

        batch: prompts processed together, 1
        tokens: tokens per prompt, 2048
        d_in: rows of the weight matrix, 4096
        d_out: columns of the weight matrix, 4096
        bytes_per_weight: bytes per weight, 2 for bf16, 2

    Return a formula of the arguments, in FLOP/byte; they come as plain numbers in base
    units (byte, s, FLOP). Or write prefill_intensity = <number> in place of the
    function, for half of the points.
    """
    raise NotImplementedError


# 4.4  Warps, blocks and who shares memory  (choose, 1 point)
warps_and_shared_memory = None
"""A CUDA kernel runs on an A100 with 256 threads per block. How many warps does a block
have, and which threads can exchange values through one piece of shared memory?

  a)  8 warps; all threads of the block, in whichever warp
  b)  4 warps; all threads of the block, in whichever warp
  c)  8 warps; only the 32 threads of one warp
  d)  8 warps; all threads on the same SM, also those of other blocks

Answer with a letter: warps_and_shared_memory = "a"
"""


# 4.5  Bytes that a two-pass RMSNorm reads  (derive, 1 point)
def rms_norm_two_passes(d_model, bytes_per_value):
    """A simple RMSNorm reads each token's row of 4096 values from HBM twice: once for the
    mean square, and once more to normalize. A value has 2 bytes. How many bytes does it
    read per token? Count only these two reads of the row, neither the weight nor
    writing the result. Answer in bytes.

        d_model: values per token, 4096
        bytes_per_value: bytes per value, 2 for bf16, 2

    Return a formula of the arguments, in byte; they come as plain numbers in base units
    (byte, s, FLOP). Or write rms_norm_two_passes = <number> in place of the function,
    for half of the points.
    """
    raise NotImplementedError


# 4.6  Your first Triton kernel, vector addition  (kernel, 3 points)
def vector_add(x, y, *, out):
    """Write vector_add(x, y, *, out): a Python function that launches your own Triton
    kernel and leaves x + y in out.

    x, y and out are vectors of the same length n, which is at least 1 and need not be a
    multiple of your block size. They may have any stride (x might be every second
    element of a longer vector), so pass the strides to the kernel. out is allocated by
    the caller and filled with NaN; write each of its n elements exactly once, and
    nothing else. Do the sum in the kernel, not in torch.

        x: float tensor (n)
        y: float tensor (n)
        returns: float tensor (n)

    Write a @triton.jit kernel and launch it here; the result goes into out, which the
    grader allocates. Import triton at the top of this file, or import the launcher from
    a file of your own.
    """
    raise NotImplementedError


# 4.7  RMSNorm of rows in one read  (kernel, 4 points)
def rms_norm_rows(x, weight, *, eps, out):
    """Write rms_norm_rows(x, weight, *, eps, out): launch your own Triton kernel that
    leaves

        out[r, c] = x[r, c] / sqrt(mean over c of x[r, c]**2 + eps) * weight[c]

    in out. x and out have shape (rows, d_model), weight has shape (d_model,); d_model
    need not be a power of two, and any of them may have any strides. Compute in float32
    whatever the dtype of x; out has the dtype of x. Read each row from memory once:
    d_model is at most 4096, so a row fits into one block. out arrives filled with NaN.

        x: float tensor (rows, d_model)
        weight: float tensor (d_model)
        eps: float
        returns: float tensor (rows, d_model)

    Write a @triton.jit kernel and launch it here; the result goes into out, which the
    grader allocates. Import triton at the top of this file, or import the launcher from
    a file of your own.
    """
    raise NotImplementedError
