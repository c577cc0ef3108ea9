"""Runs all checks: AMDM_COMFYUI_DIR=/path/to/ComfyUI python run.py [words of names]."""

import os
import sys
import time
import traceback

if not os.environ.get("AMDM_COMFYUI_DIR"):
    print("skipped: AMDM_COMFYUI_DIR does not name a ComfyUI")
    sys.exit(0)

words = sys.argv[1:]

import scene  # noqa: E402, F401

import lanes  # noqa: E402
import one_lane  # noqa: E402
import custom  # noqa: E402
import service  # noqa: E402

MODULES = [one_lane, lanes, custom, service]
if os.environ.get("AMDM_COMFYUI_MODELS"):
    import sd15

    MODULES.append(sd15)
else:
    print("skipped: sd15, as AMDM_COMFYUI_MODELS names no folder of models")


def main():
    failed = 0
    for module in MODULES:
        for name, test in vars(module).items():
            told = f"{module.__name__}.{name}"
            if not name.startswith("test_") or words and not any(word in told for word in words):
                continue
            began = time.monotonic()
            try:
                said = test() or ""
                state = "ok"
            except Exception:
                said, state = "", "FAILED"
                failed += 1
                traceback.print_exc()
            print(f"{told}: {state} {said} ({time.monotonic() - began:.1f} s)", flush=True)
    print(f"{failed} failed", flush=True)
    sys.exit(1 if failed else 0)


main()
