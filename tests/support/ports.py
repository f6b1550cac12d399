"""Ports for servers of a test's own."""

import socket


def free_ports(count: int) -> list[int]:
    """Free a moment ago, which has to do: such servers take no socket that is open already."""
    held = [socket.create_server(("127.0.0.1", 0)) for _ in range(count)]
    ports = [each.getsockname()[1] for each in held]
    for each in held:
        each.close()
    return ports
