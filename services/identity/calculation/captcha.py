"""Draws and speaks a code that people can read and hear. Keeps no answer."""

import io
import secrets

from captcha.audio import AudioCaptcha, mix_wave
from captcha.image import ImageCaptcha

from .sealing import keyed_digest

# Neither look nor sound like one another: no 0/O, 1/I/L, 5/S, 8/B, and none of the letters that are all said with “ee”.
ALPHABET = "234679FHKRWX"
LENGTH = 5

_picture = ImageCaptcha(width=200, height=70)


class _Voice(AudioCaptcha):
    """The packaged voices over a soft hiss; the package's own background takes ten times as long to compute."""

    def create_background_noise(self, length: int, chars: str) -> bytearray:
        hiss = bytes(124 + i % 9 for i in range(256))
        noise = bytearray(secrets.token_bytes(length).translate(hiss))
        for _ in range(len(chars)):
            whisper = self._noise_pick()
            place = secrets.randbelow(max(1, length - len(whisper)))
            noise[place : place + len(whisper)] = mix_wave(whisper, noise[place : place + len(whisper)])
        return noise


_voice = _Voice()


def new_answer() -> str:
    return "".join(secrets.choice(ALPHABET) for _ in range(LENGTH))


def picture(answer: str) -> bytes:
    """A PNG of 200 × 70. Takes some milliseconds: call in a thread."""
    held = io.BytesIO()
    _picture.generate_image(answer).save(held, "png")
    return held.getvalue()


def sound(answer: str) -> bytes:
    """A WAV of about a quarter of a minute, spelt in English. Takes some tens of milliseconds: call in a thread."""
    return bytes(_voice.generate(answer))


def answer_digest(key: bytes, captcha_id: str, answer: str) -> bytes:
    """What is kept of an answer: bound to its captcha, the same for small letters, blanks left out."""
    return keyed_digest(key, captcha_id, "".join(answer.split()).upper())
