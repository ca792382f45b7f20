from generation import ImageGenerator

generator = ImageGenerator()

image = generator.text_to_image(
    prompt="A serene mountain landscape at sunset",
    style="watercolor",
    size=(64, 64)
)
image.save("output.png")
print(image.size)
