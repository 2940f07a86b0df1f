import torch

def rms_norm(x, gamma, eps):
    return x * torch.rsqrt(x.float().square().mean(-1, keepdim=True) + eps) * gamma.float()
