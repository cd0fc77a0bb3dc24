"""`make sbom` lists what is locked; `make pin-images` changes only its own settings."""

from pathlib import Path

import pytest

from plumbing.deploy_scripts import ROOT, load_script

sbom, locked, pin_images = load_script("sbom"), load_script("locked"), load_script("pin_images")


def test_a_document_lists_every_locked_package() -> None:
    packages = list(locked.read_requirements(ROOT / "requirements" / "core.txt"))
    rows = list(map(sbom.component_of, packages))
    document = sbom.document_of("werknetz-core", "1.0", rows)
    assert (document["bomFormat"], document["specVersion"]) == ("CycloneDX", "1.6")
    purls = [row["purl"] for row in document["components"]]
    assert len(set(purls)) == len(purls) > 40
    assert any(purl.startswith("pkg:pypi/fastapi@") for purl in purls)
    assert document["dependencies"][0]["dependsOn"] == purls
    assert all(row["externalReferences"][0]["hashes"] for row in document["components"])
    again = sbom.document_of("werknetz-core", "1.0", rows)
    assert again["serialNumber"] == document["serialNumber"]
    other = sbom.document_of("werknetz-core", "1.0", rows[1:])
    assert other["serialNumber"] != document["serialNumber"]


def test_every_public_image_of_compose_can_be_pinned() -> None:
    text = (ROOT / "docker-compose.yml").read_text()
    images = pin_images.images_of(text)
    assert set(images) == {
        f"WERKNETZ_{name}_IMAGE"
        for name in ("POSTGRES", "VALKEY", "MOSQUITTO", "PYTHON", "GRAFANA")
    }
    public = [line for line in text.splitlines() if "image:" in line and "werknetz/" not in line]
    assert all("_IMAGE:-" in line for line in public)


def test_other_settings_stay(tmp_path: Path) -> None:
    file = tmp_path / ".env"
    file.write_text("# mine\nWERKNETZ_PORT=1\nWERKNETZ_VALKEY_IMAGE=old\n")
    pin_images.write_settings(file, {"WERKNETZ_VALKEY_IMAGE": "new@sha256:1"})
    assert file.read_text() == "# mine\nWERKNETZ_PORT=1\nWERKNETZ_VALKEY_IMAGE=new@sha256:1\n"


def test_without_a_registry_nothing_is_written(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    (tmp_path / "docker-compose.yml").write_text("image: ${WERKNETZ_VALKEY_IMAGE:-none/none:1}")
    monkeypatch.setattr(pin_images, "ROOT", tmp_path)
    monkeypatch.setattr(pin_images, "digest_of", lambda _: None)
    assert pin_images.main() == 3
    assert "NOT PINNED: none/none:1" in capsys.readouterr().err
    assert not (tmp_path / ".env").exists()
