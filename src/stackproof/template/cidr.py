"""The blocks of addresses that `Fn::Cidr` returns."""

from __future__ import annotations

import ipaddress
from typing import Final

from stackproof.template.context import Resolved, Unresolved

__all__ = ["subnets"]

_LIMIT: Final = 256
"""CloudFormation returns no more blocks."""


def subnets(block: str, count: str, bits: str = "") -> Resolved:
    """What `Fn::Cidr` gives: `bits` is the number of host bits of each subnet."""
    try:
        network = ipaddress.ip_network(block, strict=False)
        wanted = int(count)
        host_bits = int(bits or "8")
        prefix = network.max_prefixlen - host_bits
        if not 1 <= wanted <= _LIMIT or not network.prefixlen <= prefix <= network.max_prefixlen:
            return Unresolved(reason="Fn::Cidr does not fit")
        if wanted > 2 ** (prefix - network.prefixlen):
            return Unresolved(reason="Fn::Cidr does not fit")
        first = int(network.network_address)
        size = 2**host_bits
        return [f"{type(network.network_address)(first + index * size)}/{prefix}" for index in range(wanted)]
    except ValueError:
        return Unresolved(reason="Fn::Cidr is malformed")
