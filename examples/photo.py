"""Everyone in a photo: their joints in pixels, and the photo with them drawn on it.

    python examples/photo.py PHOTO
    python examples/photo.py                    a rendered photo of two people

results/NAME_prediction.json holds everything that was found (docs/results.md), results/NAME_overlay.png shows it.
"""

import argparse

from PIL import Image

import deephar
from deephar.inference import output_folder, save_image
from deephar.synthetic import crowd


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("photo", nargs="?")
    photo = parser.parse_args().photo
    if photo is None:
        photo = "photo.png"
        Image.fromarray(crowd.render_crowd("test", 11, 2, (480, 360))["frame"]).save(photo)

    predictor = deephar.Predictor("spnet-2d")
    result = predictor.predict_image(photo)
    for person in result.people:
        x, y, confidence = person.joint("head")
        print(f"person {person.id}: head at ({x:.0f}, {y:.0f}) px, right with probability {confidence:.2f}")
    print(f"{len(result.people)} people; see", *save_image(result, output_folder("results"), predictor.layout))


if __name__ == "__main__":
    main()
