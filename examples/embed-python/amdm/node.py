"""Classes of nodes written in Python."""

import json
from ctypes import byref

from . import _library as library
from . import registry
from ._tables import Execute, NodeVtable
from .callback import guarded


class Node:
    """A class of nodes. Derive from it, set `descriptor`, and write `execute`.

    `descriptor` is a dict as `Host.node_schemas` lists them. What `execute` raises becomes the error
    of the run.
    """

    descriptor = None

    def execute(self, call):
        """Executes one node once: reads inputs from `call`, and sets outputs."""
        raise NotImplementedError

    def register(self, host):
        vtable = NodeVtable(
            descriptor_json=json.dumps(self.descriptor).encode(),
            user_data=registry.remember(self),
            execute=_execute,
            destroy=registry.destroy,
        )
        library.call("host_register_node", host.handle, byref(vtable))


@Execute
def _execute(key, context, api):
    return guarded(context, api, lambda call: registry.recall(key).execute(call))
