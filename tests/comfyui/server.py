"""A ComfyUI server with the node pack, over HTTP: many prompts, interrupts, errors, two clients.

    AMDM_COMFYUI_DIR=... AMDM_LIBRARY=... PYTHONPATH=.../embed-python python server.py

The server has a folder of its own; ComfyUI's is not written to. It runs by the same Python.
"""

import json
import os
import pathlib
import socket
import subprocess
import sys
import tempfile
import time
import urllib.error
import urllib.request

HERE = pathlib.Path(__file__).resolve().parent
PACK = HERE.parents[1] / "examples" / "comfyui"
COMFYUI = pathlib.Path(os.environ["AMDM_COMFYUI_DIR"]).resolve()

# Gives models to graphs. `wait` is the seconds of a call, `fail` what the first one raises.
NODES = f"""
import sys
sys.path.insert(0, {str(HERE)!r})
import made

class CheckModel:
    RETURN_TYPES, FUNCTION, CATEGORY = ("MODEL", "CONDITIONING"), "make", "checks"

    @classmethod
    def INPUT_TYPES(cls):
        number = lambda value: ("FLOAT", {{"default": value}})
        text = ("STRING", {{"default": ""}})
        return {{"required": {{"gain": number(0.85), "wait": number(0.0), "fail": text}}}}

    def make(self, gain, wait, fail):
        model = made.model(gain=gain)
        network = model.model.diffusion_model
        network.wait, network.fails = wait, RuntimeError(fail) if fail else None
        return (model, made.told(gain))

NODE_CLASS_MAPPINGS = {{"CheckModel": CheckModel}}
"""


class Server:
    def __init__(self, base):
        nodes = base / "custom_nodes"
        nodes.mkdir()
        (nodes / "amdm-nodes").symlink_to(PACK)
        (nodes / "checks.py").write_text(NODES)
        with socket.socket() as free:
            free.bind(("127.0.0.1", 0))
            port = free.getsockname()[1]
        self.url, self.log = f"http://127.0.0.1:{port}", base / "log"
        command = [sys.executable, "main.py", "--cpu", "--port", str(port), "--base-directory"]
        command += [str(base), "--disable-auto-launch", "--database-url", "sqlite:///:memory:"]
        self.process = subprocess.Popen(
            command, cwd=COMFYUI, stdout=self.log.open("w"), stderr=subprocess.STDOUT
        )
        end = time.monotonic() + 180
        while True:
            try:
                return self.get("/system_stats") and None
            except OSError:
                if self.process.poll() is not None or time.monotonic() > end:
                    raise SystemExit(f"the server did not start:\n{self.log.read_text()}") from None
                time.sleep(0.5)

    def get(self, path, body=None):
        data = None if body is None else json.dumps(body).encode()
        headers = {"Content-Type": "application/json"}
        try:
            request = urllib.request.Request(self.url + path, data, headers)
            with urllib.request.urlopen(request) as answer:
                text = answer.read()
        except urllib.error.HTTPError as error:
            raise AssertionError(f"{path}: {error.code} {error.read().decode()}") from None
        return json.loads(text) if text else None

    def post(self, prompt, client="checks"):
        return self.get("/prompt", {"prompt": prompt, "client_id": client})["prompt_id"]

    def ended(self, prompt_id, seconds=60):
        end = time.monotonic() + seconds
        while time.monotonic() < end:
            history = self.get(f"/history/{prompt_id}")
            if history:
                return history[prompt_id]
            time.sleep(0.05)
        raise AssertionError("the prompt does not end")

    def ran(self, prompt):
        ended = self.ended(self.post(prompt))
        assert ended["status"]["status_str"] == "success", ended["status"]
        return ended

    def memory(self):
        """KiB that the process has in memory."""
        status = pathlib.Path(f"/proc/{self.process.pid}/status").read_text()
        return int(status.split("VmRSS:")[1].split()[0])


def messages(ended):
    return {name: told for name, told in ended["status"]["messages"]}


def prompt(seed=1, steps=4, gain=0.7, wait=0.0, fail="", weight=1.0):
    """Two lanes, merged; the second model is as it is told."""

    def lane(model, before=None, weight=1.0):
        inputs = {"model": [model, 0], "positive": [model, 1], "negative": ["first", 1], "cfg": 5.0,
                  "weight": weight}  # fmt: skip
        if before:
            inputs["lanes"] = [before, 0]
        return {"class_type": "AMDMLane", "inputs": inputs}

    def model(gain, wait=0.0, fail=""):
        return {"class_type": "CheckModel", "inputs": {"gain": gain, "wait": wait, "fail": fail}}

    return {
        "first": model(0.85), "second": model(gain, wait, fail),
        "one": lane("first"), "two": lane("second", "one", weight),
        "merge": {"class_type": "AMDMAggregate", "inputs": {
            "method": "slerp", "weight": 0.87, "start": 0.0, "end": 1.0, "source": 0,
            "guidance_after": 0.0}},
        "empty": {"class_type": "EmptyLatentImage",
                  "inputs": {"width": 256, "height": 256, "batch_size": 1}},
        "sample": {"class_type": "AMDMSampler", "inputs": {
            "lanes": ["two", 0], "latent_image": ["empty", 0], "policy": ["merge", 0], "target": 0,
            "seed": seed, "steps": steps, "sampler_name": "euler_ancestral",
            "scheduler": "normal", "denoise": 1.0}},
        "keep": {"class_type": "SaveLatent",
                 "inputs": {"samples": ["sample", 0], "filename_prefix": "checks"}},
    }  # fmt: skip


def test_a_second_prompt_is_cached_and_a_weight_reloads_nothing(server):
    first = prompt()
    server.ran(first)
    cached = messages(server.ran(first))["execution_cached"]["nodes"]
    assert set(cached) == set(first), cached
    cached = messages(server.ran(prompt(weight=0.5)))["execution_cached"]["nodes"]
    assert {"first", "second", "one", "merge", "empty"} <= set(cached), cached


def test_sixty_prompts_leave_memory_flat(server):
    for seed in range(10):
        server.ran(prompt(seed=100 + seed))
    before = server.memory()
    for seed in range(60):
        server.ran(prompt(seed=200 + seed))
    grown = server.memory() - before
    assert grown < 16 * 1024, f"{grown} KiB more"
    return f"{grown} KiB more after 60"


def test_an_interrupt_ends_within_one_step(server):
    running = server.post(prompt(steps=200, wait=0.25, gain=0.71))
    time.sleep(3)
    began = time.time()
    server.get("/interrupt", {})
    told = messages(server.ended(running))["execution_interrupted"]
    took = told["timestamp"] / 1000 - began
    # A step asks the slow model once.
    assert took < 0.75, took
    server.ran(prompt(seed=5))
    return f"{took:.2f} s, a call takes 0.25 s"


def test_an_exception_leaves_the_server_usable(server):
    ended = server.ended(server.post(prompt(fail="out of coffee", gain=0.72)))
    told = messages(ended)["execution_error"]
    assert told["node_type"] == "AMDMSampler", told
    assert told["exception_type"] == "RuntimeError", told
    assert told["exception_message"].strip() == "out of coffee", told
    server.ran(prompt(seed=6))


def test_two_clients_take_turns(server):
    posted = [server.post(prompt(seed=300 + turn), f"tab {turn % 2}") for turn in range(8)]
    for one in posted:
        assert server.ended(one)["status"]["status_str"] == "success"


def main():
    failed = 0
    with tempfile.TemporaryDirectory() as base:
        server = Server(pathlib.Path(base))
        try:
            version = server.get("/system_stats")["system"].get("comfyui_version")
            print(f"ComfyUI {version}")
            for name, test in list(globals().items()):
                if not name.startswith("test_"):
                    continue
                try:
                    print(f"{name}: ok {test(server) or ''}", flush=True)
                except Exception as error:
                    failed += 1
                    print(f"{name}: FAILED {error}", flush=True)
            log = server.log.read_text()
        finally:
            server.process.terminate()
            server.process.wait(30)
    if failed:
        print(log[-4000:])
    print(f"{failed} failed")
    sys.exit(1 if failed else 0)


if __name__ == "__main__":
    main()
