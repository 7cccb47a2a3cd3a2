"""Trains a small classifier with several learning rates side by side, and keeps the best one."""

import math
import random

from metaflow import FlowSpec, Parameter, step


class TrainFlow(FlowSpec):
    """Logistic regression in plain Python: which learning rate separates two clouds of points best?"""

    learning_rates = Parameter("learning-rates", default="0.01,0.1,1.0", separator=",", help="What to compare.")
    epochs = Parameter("epochs", default=30, help="How often to go through the points.")
    seed = Parameter("seed", default=7, help="Of the random points.")

    @step
    def start(self):
        """Draws the points, half of them to learn from and half to judge by."""
        chance = random.Random(self.seed)
        points = [(chance.gauss(2 + side, 1.5), chance.gauss(-side, 1.5), int(side > 0)) for side in [-1, 1] * 200]
        chance.shuffle(points)
        self.training, self.testing = points[:200], points[200:]
        self.rates = [float(rate) for rate in self.learning_rates]
        print(f"{len(self.training)} points to learn from, {len(self.testing)} to judge by")
        self.next(self.train, foreach="rates")

    @step
    def train(self):
        """Learns with one of the rates; `loss` is the history of its epochs."""
        self.rate = self.input
        self.weights, self.bias, self.loss = (0.0, 0.0), 0.0, []
        for epoch in range(self.epochs):
            self.loss.append(self.learn())
            if epoch % 10 == 0:
                print(f"epoch {epoch}: loss {self.loss[-1]:.4f}")
        right = [(self.probability(x, y) > 0.5) == bool(label) for x, y, label in self.testing]
        self.accuracy = sum(right) / len(right)
        self.next(self.choose)

    @step
    def choose(self, inputs):
        """Keeps the most accurate model, and a table of how the others did."""
        best = max(inputs, key=lambda one: one.accuracy)
        self.leaderboard = [{"rate": one.rate, "accuracy": one.accuracy, "loss": one.loss[-1]} for one in inputs]
        self.rate, self.accuracy, self.loss = best.rate, best.accuracy, best.loss
        self.model = {"weights": list(best.weights), "bias": best.bias}
        self.next(self.end)

    @step
    def end(self):
        print(f"learning rate {self.rate}: {self.accuracy:.1%} accurate")

    def probability(self, x, y):
        return 1 / (1 + math.exp(-(self.weights[0] * x + self.weights[1] * y + self.bias)))

    def learn(self):
        """One epoch of gradient descent; the mean loss before it."""
        total, slope_x, slope_y, slope = 0.0, 0.0, 0.0, 0.0
        for x, y, label in self.training:
            found = self.probability(x, y)
            total -= math.log(max(found if label else 1 - found, 1e-12))
            slope_x, slope_y, slope = (
                slope_x + (found - label) * x,
                slope_y + (found - label) * y,
                slope + found - label,
            )
        step_size = self.rate / len(self.training)
        self.weights = (self.weights[0] - step_size * slope_x, self.weights[1] - step_size * slope_y)
        self.bias -= step_size * slope
        return total / len(self.training)


if __name__ == "__main__":
    TrainFlow()
