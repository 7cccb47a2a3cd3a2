"""Node."""

import strawberry

from .fields import interface, stored


@interface("What has an id that a client may keep it by, and ask for it again with.")
class Node:
    id: strawberry.ID = stored("Opaque, stable, unique over types, metadata providers, namespaces and attempts.")
