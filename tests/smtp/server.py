"""An SMTP server for tests, by another hand than ours.

It prints its port, and refuses connections until a line comes in on standard input; then it says "up",
and prints each letter that it takes as a line of JSON. It wants a sign-in, knows no mailbox that begins
with "gone", and is always too busy for one that begins with "busy".
"""

import asyncio
import json
import socket
import sys

from aiosmtpd.smtp import SMTP, AuthResult, LoginPassword

KNOWN = LoginPassword(b"testat", b"s3cret word")


class Letters:
    async def handle_RCPT(self, server, session, envelope, address, options):
        if address.startswith("gone"):
            return "550 5.1.1 no such mailbox"
        if address.startswith("busy"):
            return "450 4.2.1 try again later"
        envelope.rcpt_tos.append(address)
        return "250 OK"

    async def handle_DATA(self, server, session, envelope):
        letter = {
            "from": envelope.mail_from,
            "to": envelope.rcpt_tos,
            "content": envelope.content.decode(),
        }
        print(json.dumps(letter), flush=True)
        return "250 OK"


def sign_in(server, session, envelope, mechanism, data):
    return AuthResult(success=data == KNOWN, handled=False)


def protocol():
    return SMTP(
        Letters(), authenticator=sign_in, auth_required=True, auth_require_tls=False, hostname="test"
    )


async def serve(bound):
    server = await asyncio.get_running_loop().create_server(protocol, sock=bound)
    print("up", flush=True)
    await server.serve_forever()


bound = socket.socket()
bound.bind(("127.0.0.1", 0))
print(bound.getsockname()[1], flush=True)
if sys.stdin.readline():
    asyncio.run(serve(bound))
