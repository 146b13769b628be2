# SPDX-License-Identifier: Apache-2.0
"""A python3-pymodbus 3.0 server with two units and fixed registers. Usage: pymodbus_server.py tcp HOST PORT | rtu DEVICE

Prints "ready" when it serves. Registers are encoded by pymodbus's own payload builder, so that the values are a stranger's.
"""
import asyncio
import os
import sys
import tty
import types


class PtyTransport(asyncio.Transport):
    """Moves bytes between a terminal and a protocol; framing and checksums stay pymodbus's."""

    def __init__(self, loop, protocol, path):
        super().__init__()
        self.loop, self.protocol = loop, protocol
        self.fd = os.open(path, os.O_RDWR | os.O_NOCTTY)
        tty.setraw(self.fd)
        loop.add_reader(self.fd, lambda: protocol.data_received(os.read(self.fd, 1024)))
        loop.call_soon(protocol.connection_made, self)

    def write(self, data):
        os.write(self.fd, data)

    def close(self):
        self.loop.remove_reader(self.fd)
        os.close(self.fd)


async def create_serial_connection(loop, factory, path, **_):
    protocol = factory()
    return PtyTransport(loop, protocol, path), protocol

try:
    import serial_asyncio  # noqa: F401  pymodbus.server imports it, Debian only suggests it
except ImportError:
    sys.modules["serial_asyncio"] = types.SimpleNamespace(create_serial_connection=create_serial_connection)

from pymodbus.constants import Endian
from pymodbus.datastore import ModbusSequentialDataBlock, ModbusServerContext, ModbusSlaveContext
from pymodbus.payload import BinaryPayloadBuilder
from pymodbus.server.async_io import ModbusSerialServer, ModbusTcpServer
from pymodbus.transaction import ModbusRtuFramer


def holding():
    big = BinaryPayloadBuilder(byteorder=Endian.Big, wordorder=Endian.Big)
    big.add_16bit_uint(51200)              # 0
    big.add_16bit_int(-125)                # 1
    big.add_32bit_uint(3000000000)         # 2-3
    big.add_32bit_int(-70000)              # 4-5
    big.add_32bit_float(230.5)             # 6-7
    big.add_64bit_uint(1234567890123)      # 8-11
    big.add_64bit_float(-0.125)            # 12-15
    big.add_string("Sekisho-1 ")           # 16-20
    big.add_16bit_uint(0xFFFF)             # 21: sentinel
    big.add_16bit_uint(2)                  # 22: state
    big.add_16bit_uint(0b1010)             # 23: bits
    swapped = BinaryPayloadBuilder(byteorder=Endian.Big, wordorder=Endian.Little)
    swapped.add_32bit_float(49.98)         # 24-25
    return big.to_registers() + swapped.to_registers()


def unit(offset):
    registers = holding()
    registers[1] = (registers[1] + offset) & 0xFFFF
    # zero_mode: address 0 of the wire is the block's first value
    return ModbusSlaveContext(di=ModbusSequentialDataBlock(0, [1, 0, 1, 1]), co=ModbusSequentialDataBlock(0, [0, 1]),
                              hr=ModbusSequentialDataBlock(0, registers),
                              ir=ModbusSequentialDataBlock(0, [offset, 4321]), zero_mode=True)


async def main():
    context = ModbusServerContext(slaves={1: unit(0), 2: unit(7)}, single=False)
    if sys.argv[1] == "tcp":
        server = ModbusTcpServer(context, address=(sys.argv[2], int(sys.argv[3])))
        task = asyncio.ensure_future(server.serve_forever())
        await asyncio.wait_for(server.serving, 30)
    else:
        server = ModbusSerialServer(context, framer=ModbusRtuFramer, port=sys.argv[2], baudrate=19200, parity="N", stopbits=1,
                                    bytesize=8, timeout=1)
        await server.start()
        task = asyncio.ensure_future(server.serve_forever())
    print("ready", flush=True)
    await task


asyncio.run(main())
