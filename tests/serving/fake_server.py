"""A server that has no model, started as the real ones are: it says what it was told, and what its state is to be."""

from __future__ import annotations

import contextlib
import signal
import socket
import sys
from concurrent import futures

import grpc

from serving.protos import messages

STATES = {"available": 30, "loading": 20, "given-up": 50}


def main(arguments: list[str]) -> None:
    parts = (argument.removeprefix("--").partition("=") for argument in arguments)
    flags = {name: value for name, _, value in parts}
    print("asked for", " ".join(arguments), flush=True)
    behaviour = flags.get("behaviour", "available")
    if behaviour == "dying":
        sys.exit("out of order: no such flag")
    if behaviour == "stubborn":
        signal.signal(signal.SIGTERM, signal.SIG_IGN)
    version = messages.ModelVersionStatus(version=1, state=STATES.get(behaviour, 30))
    if behaviour == "given-up":
        version.status.error_code, version.status.error_message = grpc.StatusCode.NOT_FOUND.value[0], "no such operator"
    served = flags["model_name"]

    def answer(request, context):
        if behaviour == "refusing":
            context.abort(grpc.StatusCode.PERMISSION_DENIED, "no entry")
        if request.model_spec.name != served:
            context.abort(grpc.StatusCode.NOT_FOUND, "no such model")
        return messages.GetModelStatusResponse(model_version_status=[version])

    handler = grpc.unary_unary_rpc_method_handler(
        answer,
        request_deserializer=messages.GetModelStatusRequest.FromString,
        response_serializer=messages.GetModelStatusResponse.SerializeToString,
    )
    server = grpc.server(futures.ThreadPoolExecutor(2))
    service = grpc.method_handlers_generic_handler("tensorflow.serving.ModelService", {"GetModelStatus": handler})
    server.add_generic_rpc_handlers((service,))
    host = flags["bind_address"]
    server.add_insecure_port(f"[{host}]:{flags['port']}" if ":" in host else f"{host}:{flags['port']}")
    server.start()
    with contextlib.ExitStack() as stack:
        if flags["rest_api_port"] != "0":
            family = socket.AF_INET6 if ":" in host else socket.AF_INET
            stack.enter_context(socket.create_server((host, int(flags["rest_api_port"])), family=family))
        server.wait_for_termination(600)


if __name__ == "__main__":
    main(sys.argv[1:])
