"""Cards: of two types, with ids, and of a task that is tried twice."""

from time import sleep

from metaflow import FlowSpec, Task, card, current, retry, step
from metaflow.cards import Markdown, Table


class CardFlow(FlowSpec):
    @card(type="default", id="first")
    @card(type="blank", id="second")
    @step
    def start(self):
        self.x = [1, 2, 3]
        current.card["first"].append(Markdown("# A heading"))
        current.card["second"].append(Table([["a", 1], ["b", 2]], headers=["name", "value"]))
        self.next(self.end)

    @card(type="blank")
    @retry(times=1, minutes_between_retries=0)
    @step
    def end(self):
        current.card.append(Markdown(f"attempt {current.retry_count}"))
        current.card.refresh()
        if current.retry_count == 0:
            # The card is made by a process of its own, which records it for the attempt that is the latest then.
            task = Task(current.pathspec)
            while not any(event.type == "card-info" for event in task.metadata):
                sleep(0.1)
            raise ValueError("the first attempt fails after its card was rendered")


if __name__ == "__main__":
    CardFlow()
