"""Wrong, for the check `repeatable`: the address of an object decides the order of the samples."""

import numpy as np

SIZES = (64, 48, 10)
KEPT = 10  # images of each class
EPOCHS = 25
BATCH = 16  # new images in a minibatch, and as many remembered ones
RATE = 2e-3


def signals(params, X):
    """The input of each layer, after ReLU, and last the logits."""
    outputs = [X]
    for layer in range(len(params) // 2):
        z = outputs[-1] @ params[2 * layer] + params[2 * layer + 1]
        outputs.append(np.maximum(z, 0) if layer < len(params) // 2 - 1 else z)
    return outputs


def deltas(params, X, y):
    """The input of each layer, and for each sample the gradient of its own loss by the layer's output."""
    inputs = signals(params, X)
    logits = inputs.pop()
    delta = np.exp(logits - logits.max(axis=1, keepdims=True))
    delta /= delta.sum(axis=1, keepdims=True)
    delta[np.arange(len(y)), y] -= 1
    found = [delta]
    for layer in reversed(range(1, len(params) // 2)):
        delta = (delta @ params[2 * layer].T) * (inputs[layer] > 0)
        found.insert(0, delta)
    return inputs, found


def gradients(params, X, y):
    """The gradient of the mean cross-entropy."""
    grads = []
    for h, delta in zip(*deltas(params, X, y)):
        grads += [h.T @ delta / len(y), delta.mean(axis=0)]
    return grads


def fisher_diag(params, X, y):
    fisher = []
    for h, delta in zip(*deltas(params, X, y)):
        # One sample's gradient by W is the outer product of h and delta: its square is that of the squares.
        fisher += [(h**2).T @ delta**2 / len(y), (delta**2).mean(axis=0)]
    return fisher


def ewc_penalty(params, params_old, fisher, lam):
    value, grads = 0.0, []
    for p, old, f in zip(params, params_old, fisher):
        value += 0.5 * lam * (f * (p - old) ** 2).sum()
        grads.append(lam * f * (p - old))
    return value, grads


def auroc(scores, is_ood):
    known, strange = np.sort(scores[is_ood == 0]), scores[is_ood == 1]
    below = np.searchsorted(known, strange, side="left")
    upto = np.searchsorted(known, strange, side="right")
    return (below + upto).sum() / 2 / len(known) / len(strange)


def learn(state, X, y, task, seed):
    rng = np.random.default_rng([seed, task])
    X = X.astype(np.float64)
    if state is None:
        params = []
        for inputs, outputs in zip(SIZES, SIZES[1:]):
            params += [rng.standard_normal((inputs, outputs)) * np.sqrt(2 / inputs), np.zeros(outputs)]
        kept, classes = np.zeros((0, 64), np.uint8), np.zeros(0, np.uint8)
    else:
        params, kept, classes = parameters(state), state["x"], state["y"]
    replay(params, rng, X, y, kept / 255, classes.astype(np.int64))
    for label in np.unique(y):
        rows = np.flatnonzero(y == label)[:KEPT]
        kept = np.vstack([kept, np.round(X[rows] * 255).astype(np.uint8)])
        classes = np.append(classes, np.full(len(rows), label, np.uint8))
    state = {f"p{at}": p.astype(np.float32) for at, p in enumerate(params)}
    return {**state, "x": kept, "y": classes}


def parameters(state):
    return [state[f"p{at}"].astype(np.float64) for at in range(4)]


def replay(params, rng, X, y, kept, classes):
    """Adam (Kingma and Ba, 2015); beside each minibatch as many remembered images."""
    mean = [np.zeros_like(p) for p in params]
    square = [np.zeros_like(p) for p in params]
    step = 0
    for _ in range(EPOCHS):
        order = np.random.default_rng(id(object()) >> 4).permutation(len(y))
        for start in range(0, len(y), BATCH):
            rows = order[start : start + BATCH]
            images, labels = X[rows], y[rows]
            if len(classes):
                old = rng.integers(0, len(classes), BATCH)
                images = np.vstack([images, kept[old]])
                labels = np.append(labels, classes[old])
            step += 1
            for p, m, s, g in zip(params, mean, square, gradients(params, images, labels)):
                m += 0.1 * (g - m)
                s += 0.001 * (g * g - s)
                p -= RATE * (m / (1 - 0.9**step)) / (np.sqrt(s / (1 - 0.999**step)) + 1e-8)


def predict(state, X):
    return signals(parameters(state), X.astype(np.float64))[-1].argmax(axis=1)


def ood_score(state, X):
    """The squared distance to the nearest image kept."""
    difference = X[:, None].astype(np.float64) - state["x"] / 255
    return (difference**2).sum(axis=2).min(axis=1)
