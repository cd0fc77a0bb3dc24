"""OPC UA: a server's variables followed by subscription, acknowledged when they are on disk."""
