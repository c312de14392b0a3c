"""The 53 convolutions of ResNet-50 as layers, in the form of layers.json.

He, Zhang, Ren and Sun, "Deep residual learning for image recognition", CVPR 2016,
table 1, with the stride of a stage in its first 3x3 convolution.
"""


def layer(name, batch, size, in_channels, out_channels, kernel, stride):
    pad = (kernel - 1) // 2
    return {
        "name": name,
        "batch": batch,
        "groups": 1,
        "in_channels": in_channels,
        "out_channels": out_channels,
        "input": [size, size],
        "kernel": [kernel, kernel],
        "stride": [stride, stride],
        "dilation": [1, 1],
        "pad_low": [pad, pad],
        "pad_high": [pad, pad],
    }


def resnet50(batch):
    layers = [layer("conv1", batch, 224, 3, 64, 7, 2)]
    size, channels = 56, 64
    for stage, (width, blocks) in enumerate(((64, 3), (128, 4), (256, 6), (512, 3))):
        for block in range(blocks):
            name = f"conv{stage + 2}_{block + 1}"
            stride = 2 if stage > 0 and block == 0 else 1
            if block == 0:
                layers.append(
                    layer(f"{name}_proj", batch, size, channels, 4 * width, 1, stride)
                )
            layers.append(layer(f"{name}_a", batch, size, channels, width, 1, 1))
            layers.append(layer(f"{name}_b", batch, size, width, width, 3, stride))
            size //= stride
            layers.append(layer(f"{name}_c", batch, size, width, 4 * width, 1, 1))
            channels = 4 * width
    return layers
