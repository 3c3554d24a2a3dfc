"""Never comes back. Seen: its request runs out of time, or the processor time of the grading does."""


def forward(params, X, activation):
    while True:
        pass
