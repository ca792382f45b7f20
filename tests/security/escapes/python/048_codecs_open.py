# Opens a file through codecs, which has an open of its own.
import codecs

print("ATTEMPTED")
for open_ in codecs.open, codecs.EncodedFile, codecs.StreamReader:
    try:
        print(open_("@SECRET_PATH@", "r", "utf-8").read())
    except Exception as error:
        print(type(error).__name__)
