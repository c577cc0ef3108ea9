"""Models of a made-up network, for ComfyUI: in a process of the checks', or in a server's."""

import time

import comfy.model_base
import comfy.model_patcher
import comfy.supported_models
import torch


class Network(torch.nn.Module):
    """A formula of the latent, the timestep and the first value of the conditioning.

    gain and wave tell networks apart; `scale` is a weight that LoRAs can patch. `fails` is raised
    at the next call. `rounding`, a generator, has outputs be off as rounding may have them. A call
    takes `wait` seconds.
    """

    dtype = torch.float32

    def __init__(self, gain=0.85, wave=0.2):
        super().__init__()
        self.gain, self.wave = gain, wave
        self.scale = torch.nn.Parameter(torch.ones(1), requires_grad=False)
        self.calls, self.fails, self.rounding, self.wait = 0, None, None, 0.0

    def forward(self, x, t, context=None, control=None, transformer_options={}, **more):
        self.calls += 1
        time.sleep(self.wait)
        if self.fails is not None:
            raise self.fails
        rest = [1] * (x.ndim - 1)
        wide, at = x.double(), t.double().view(-1, *rest)
        told = context[:, 0, 0].double().view(-1, *rest)
        value = self.gain * wide + self.wave * torch.sin(2 * wide) + 0.05 * torch.sin(at / 100)
        value += 0.1 * told * torch.cos(1.5 * wide) + 0.1 * torch.roll(wide, 1, -1)
        value = value * self.scale.double()
        if self.rounding is not None:
            value *= 1 + 6e-8 * torch.randn(value.shape, generator=self.rounding)
        return value.float()


def model(kind="EPS", latent_format=None, **network):
    """A MODEL over the made-up network, of a type of ComfyUI's."""
    config = comfy.supported_models.SD15({
        "context_dim": 768, "model_channels": 320, "in_channels": 4,
        "use_linear_in_transformer": False, "adm_in_channels": None,
        "use_temporal_attention": False, "disable_unet_model_creation": True,
    })  # fmt: skip
    if latent_format is not None:
        config.latent_format = latent_format
    base = comfy.model_base.BaseModel(config, getattr(comfy.model_base.ModelType, kind))
    base.diffusion_model = Network(**network)
    cpu = torch.device("cpu")
    return comfy.model_patcher.ModelPatcher(base, cpu, cpu)


def told(value):
    """A CONDITIONING of one entry."""
    return [[torch.full((1, 77, 768), float(value)), {}]]
