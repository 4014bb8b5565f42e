"""A component made of Elastic's client for Python: it takes over whatever it is told."""

import asyncio
import sys

from elastic_agent_client.client import V2Options, VersionInfo
from elastic_agent_client.handler.action import BaseActionHandler
from elastic_agent_client.handler.checkin import BaseCheckinHandler
from elastic_agent_client.reader import new_v2_from_reader
from elastic_agent_client.service.actions import ActionsService
from elastic_agent_client.service.checkin import CheckinV2Service
from elastic_agent_client.util.async_tools import MultiService


class Checkins(BaseCheckinHandler):
    async def apply_from_client(self):
        for unit in self.client.units:
            unit.state_msg = f"{unit.config.type} {unit.config.id}"


async def main():
    version = VersionInfo(name="official", meta={"version": "0.0.2"}, build_hash="none")
    client = new_v2_from_reader(sys.stdin.buffer, version, V2Options())
    await MultiService(CheckinV2Service(client, Checkins(client)), ActionsService(client, BaseActionHandler())).run()


asyncio.run(main())
