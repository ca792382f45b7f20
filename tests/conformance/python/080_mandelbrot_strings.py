for y in range(-6, 7):
    line = ""
    for x in range(-20, 10):
        z, c = 0j, complex(x / 10, y / 5)
        for i in range(30):
            if abs(z) > 2:
                break
            z = z * z + c
        line += " .:-=+*#%@"[min(i // 3, 9)]
    print(line.rstrip())
