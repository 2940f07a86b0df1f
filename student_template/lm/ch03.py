"""Language models from scratch, chapter 3: Mixtures of experts.

Grade with: pytest --lm-chapter 3
"""


# 3.5  A router with two bugs  (bug, 2 points)
router_bug = None
"""This router should send each token to its top_k best experts, with gates that sum to 1
for each token. Training runs, but the logs show two things: every token goes to one
expert only, whatever top_k is, and a token's gates do not sum to 1. Different tokens do
choose different experts.

Two lines are wrong. Name both in router_bug, a list of line numbers of the code as
shown, and write the repaired function as router_bug_fix(x, router_weight, top_k). It
returns (experts, gates), each of shape (batch * time, top_k); the gates are the softmax
of the chosen experts' scores. Equal scores may be resolved either way.

   1  def route(
   2      x: Float[Tensor, "batch time channels"],
   3      router_weight: Float[Tensor, "channels experts"],
   4      top_k: int,
   5  ) -> tuple[Int[Tensor, "tokens top_k"], Float[Tensor, "tokens top_k"]]:
   6      tokens = x.flatten(0, 1)  # (B*T, C)
   7      logits = tokens @ router_weight  # (B*T, E)
   8      best, experts = torch.topk(logits, 1, dim=-1)  # (B*T, k) each
   9      gates = torch.softmax(best, dim=0)  # (B*T, k)
  10      return experts, gates

Answer with the line numbers, for example router_bug = [2, 5], and write the repaired
function below.
"""


def router_bug_fix(x, router_weight, top_k):
    """The function above, repaired."""
    raise NotImplementedError
